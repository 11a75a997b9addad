// Renews the page's content in place, so that nobody loses his place on it. Without this script the page reloads itself.
(() => {
  "use strict";
  const every_ms = 3000;
  const lost = document.querySelector("[data-lost]");
  let failures = 0;

  async function renew() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = next.querySelector("main");
      const main = document.querySelector("main");
      if (fresh && fresh.innerHTML !== main.innerHTML) {
        const kept = main.contains(document.activeElement) ? document.activeElement : null;
        const id = kept && kept.id;
        const path = kept && kept.getAttribute("href");
        main.replaceChildren(...fresh.childNodes);
        const again = (id && document.getElementById(id)) ||
          (path && [...main.querySelectorAll("a")].find((link) => link.getAttribute("href") === path));
        if (again) again.focus({ preventScroll: true });
      }
      document.title = next.title;
      failures = 0;
    } catch {
      failures += 1;
    }
    if (lost) lost.hidden = failures < 2;
  }

  setInterval(renew, every_ms);
  document.addEventListener("visibilitychange", renew);
})();
