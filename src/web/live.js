// Renews what changed on the page, in place, so that nobody loses his place on it. Without this script the page reloads.
(() => {
  "use strict";
  const every_ms = 3000;
  const lost = document.querySelector("[data-lost]");
  let failures = 0;

  // Makes `old` look like `fresh`, and leaves alone whatever is the same already.
  function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.data = fresh.data;
      return;
    }
    for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const name of fresh.getAttributeNames()) old.setAttribute(name, fresh.getAttribute(name));
    const [have, want] = [[...old.childNodes], [...fresh.childNodes]];
    want.forEach((child, n) => (have[n] ? patch(have[n], child) : old.append(child)));
    have.slice(want.length).forEach((child) => child.remove());
  }

  async function renew() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      // The session is over: the page itself leads to where one signs in.
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      patch(document.querySelector("main"), next.querySelector("main"));
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
