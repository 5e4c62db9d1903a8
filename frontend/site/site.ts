// The pages people browse and order on. Everything works without it; this makes it smooth.
import htmx from "htmx.org";
import { watchChips } from "./chips";
import { watchChoices } from "./choices";
import { watchForms } from "./forms";
import { watchPage } from "./page";
import { announce, toast, word } from "./say";

// The content policy allows no inline style and no eval; htmx needs neither.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.historyCacheSize = 0;

watchPage();
watchForms();
watchChips();
watchChoices();

document.body.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
  if (token) (event as CustomEvent).detail.headers["X-CSRF-Token"] = token;
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  // A refusal of ours comes as a fragment that says what to do, so it is shown like any other answer.
  const detail = (event as CustomEvent).detail;
  if (detail.xhr.status === 409 || detail.xhr.status === 422) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});
document.body.addEventListener("htmx:afterSettle", () => {
  const said = document.querySelector<HTMLElement>("[data-say]");
  if (said?.dataset.say) announce(said.dataset.say);
  said?.removeAttribute("data-say");
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => toast(word("failed")));
}
