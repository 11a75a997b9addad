// Renews what changed on the page, in place, so that nobody loses his place on it: when the server says that there is news
// (/live), else every few seconds. Without this script the page reloads.
(() => {
  "use strict";
  const every_ms = 3000;
  const lost = document.querySelector("[data-lost]");
  let failures = 0;
  let stream = null;
  let asking = false;
  let missed = false;

  // What makes an element the same as before, wherever it stands now.
  function key(node) {
    return node.nodeType === Node.ELEMENT_NODE ? node.id || node.firstElementChild?.id || "" : "";
  }

  // Makes `old` look like `fresh`, and leaves alone whatever is the same already, and what the reader opened himself.
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
    const own = (name) => old.nodeName === "DETAILS" && name === "open";
    for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name) && !own(name)) old.removeAttribute(name);
    for (const name of fresh.getAttributeNames()) {
      if (!own(name) && old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
    }
    const known = new Map();
    for (const child of old.childNodes) if (key(child)) known.set(key(child), child);
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const name = key(child);
      const mine = name ? known.get(name) : at && !key(at) ? at : null;
      known.delete(name);
      if (!mine) {
        old.insertBefore(child, at);
        continue;
      }
      if (mine === at) at = at.nextSibling;
      else old.insertBefore(mine, at);
      patch(mine, child);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // Somebody who marks a text or fills in a form is not disturbed.
  function busy(main) {
    const marked = getSelection();
    if (marked && !marked.isCollapsed && main.contains(marked.anchorNode)) return true;
    return main.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.nodeName);
  }

  async function renew() {
    const main = document.querySelector("main");
    if (document.hidden || busy(main)) return;
    if (asking) {
      missed = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      // The session is over: the page itself leads to where one signs in.
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!busy(main)) patch(main, next.querySelector("main"));
      document.title = next.title;
      failures = 0;
    } catch {
      failures += 1;
    } finally {
      asking = false;
    }
    if (lost) lost.hidden = failures < 2;
    if (missed) {
      missed = false;
      setTimeout(renew, 500);
    }
  }

  // A hidden page holds no stream: a browser has few connections for all its windows.
  function listen() {
    if (document.hidden) {
      stream?.close();
      stream = null;
      return;
    }
    if (stream || !window.EventSource) return;
    stream = new EventSource("/live");
    stream.addEventListener("news", renew);
    renew();
  }

  setInterval(() => {
    if (stream?.readyState === EventSource.OPEN && failures === 0) return;
    renew();
  }, every_ms);
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => stream?.close());
  addEventListener("load", listen);
})();
