// Builds the browser's files: bundles, hashes their names and writes manifest.json, which the pages read.
// Every file under site/, board/ named in `entries` becomes one bundle; fonts follow from the CSS that names them.
import { build } from "esbuild";
import { mkdirSync, rmSync, writeFileSync, readFileSync, copyFileSync, existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, "../src/bottega/infra/web/static");

// name in the manifest -> source; a name with no source yet is passed over.
const entries = {
  "site.js": "site/site.ts",
  "checkout.js": "site/checkout.ts",
  "live.js": "site/live.ts",
  "board.js": "board/board.tsx",
  "site.css": "styles/site.css",
  "board.css": "styles/board.css",
  "docs.css": "styles/docs.css",
  "manage.css": "styles/manage.css",
};
// Files served under their own fixed name (a service worker's scope depends on its address).
const fixed = { "board-worker.js": "board/worker.ts" };

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".woff2": "file", ".svg": "file" },
  legalComments: "none",
  logLevel: "warning",
};

const manifest = {};
for (const [name, source] of Object.entries(entries)) {
  if (!existsSync(path.join(here, source))) continue;
  const result = await build({
    ...common,
    entryPoints: { [path.parse(name).name]: source },
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    outdir: out,
    metafile: true,
  });
  for (const [file, meta] of Object.entries(result.metafile.outputs)) {
    if (meta.entryPoint === source) manifest[name] = path.basename(file);
    // Pages preload the two latin faces by their plain names.
    const face = /^(inter|fraunces)-latin-(wght|soft)-normal-.*\.woff2$/.exec(path.basename(file));
    if (face) manifest[`${face[1]}.woff2`] = path.basename(file);
  }
}
for (const [name, source] of Object.entries(fixed)) {
  if (!existsSync(path.join(here, source))) continue;
  await build({ ...common, entryPoints: [source], outfile: path.join(out, name) });
  manifest[name] = name;
}
const iconPath = path.join(here, "styles/icon.svg");
if (existsSync(iconPath)) {
  copyFileSync(iconPath, path.join(out, "icon.svg"));
  manifest["icon.svg"] = "icon.svg";
}
// The sandbox is a program apart with pages of its own: it gets its two faces under plain names.
const sandboxFonts = path.resolve(here, "../src/bottega/sandbox/elements/fonts");
const faces = { inter: "inter-latin-wght-normal", fraunces: "fraunces-latin-opsz-normal" };
for (const [family, file] of Object.entries(faces)) {
  const source = path.join(here, `node_modules/@fontsource-variable/${family}/files/${file}.woff2`);
  copyFileSync(source, path.join(sandboxFonts, `${family}.woff2`));
}
writeFileSync(path.join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
for (const [name, file] of Object.entries(manifest)) {
  if (!/\.(css|js)$/.test(file)) continue;
  const bytes = gzipSync(readFileSync(path.join(out, file))).length;
  console.log(`${name.padEnd(18)} ${(bytes / 1000).toFixed(1)} kB gzipped`);
}
