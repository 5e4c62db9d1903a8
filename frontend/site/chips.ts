// The chip of the section that is being read is marked, and kept in sight.
export function watchChips(): void {
  const bar = document.querySelector<HTMLElement>(".chips");
  if (!bar) return;
  const chips = [...bar.querySelectorAll<HTMLAnchorElement>("a[href^='#']")];
  const sections = chips.map((chip) => document.getElementById(decodeURIComponent(chip.hash.slice(1))));
  let current = -1;

  const mark = (): void => {
    const line = bar.getBoundingClientRect().bottom + 48;
    let at = 0;
    sections.forEach((section, index) => {
      if (section && section.getBoundingClientRect().top <= line) at = index;
    });
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    if (end && scrollY > 0) at = sections.length - 1;
    if (at === current) return;
    current = at;
    chips.forEach((chip, index) => {
      if (index === at) chip.setAttribute("aria-current", "true");
      else chip.removeAttribute("aria-current");
    });
    const chip = chips[at];
    if (chip) bar.scrollTo({ left: chip.offsetLeft - bar.clientWidth / 2 + chip.clientWidth / 2, behavior: "smooth" });
  };

  let waiting = false;
  const soon = (): void => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon, { passive: true });
  mark();
}
