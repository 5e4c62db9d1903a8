// The small things on every page: notices turned into toasts, sharing, printing, the network going and coming.
import { toast, word } from "./say";

async function share(): Promise<void> {
  const what = { title: document.title, url: location.href };
  try {
    if (navigator.share) await navigator.share(what);
    else {
      await navigator.clipboard.writeText(what.url);
      toast(word("copied"));
    }
  } catch {
    // The reader closed the sheet; nothing to say.
  }
}

/** A notice that the server wrote into the page becomes a toast; its address parameter goes, so that a reload is silent. */
function showNotice(): void {
  const notice = document.querySelector<HTMLElement>("[data-notice]");
  if (!notice) return;
  const text = notice.textContent?.trim() ?? "";
  notice.remove();
  const address = new URL(location.href);
  address.searchParams.delete("added");
  history.replaceState(history.state, "", address);
  // The region has to be there, empty, before its text changes; so not in the first frame.
  setTimeout(() => toast(text), 150);
}

export function watchPage(): void {
  showNotice();
  addEventListener("offline", () => toast(word("offline"), 8000));
  addEventListener("online", () => toast(word("online")));
  for (const button of document.querySelectorAll<HTMLElement>("[data-share]")) {
    button.hidden = false;
    button.addEventListener("click", () => void share());
  }
  // The button comes anew with every part that is swapped in.
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-print]")) print();
  });
}
