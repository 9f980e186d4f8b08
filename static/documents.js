// The list of cash documents keeps its place: choosing a document, or going back from one, leaves the rows as they are.
// The address follows what is in sight, so that coming back from elsewhere begins with the same rows. Arrow keys move
// between rows, and Escape closes the document.
"use strict";

(() => {
  const PAUSE_MS = 200; // after the last scrolling
  const isPhone = matchMedia("(width < 48rem)");
  const byId = (id) => document.getElementById(id);
  const list = () => byId("documents");
  const rows = () => [...document.querySelectorAll(".document-row")];
  const chosen = () => byId("document")?.dataset.key;
  const rowOf = (key) => byId(`document-${key}`);

  // The list that an address belongs to: its filters, without the place in the list. Null for other pages.
  const listOf = ({ pathname, search }) => {
    if (!/^\/documents(\/[^/]+\/[^/]+)?$/.test(pathname)) return null;
    const query = new URLSearchParams(search);
    query.delete("after");
    return query.toString();
  };
  let shown = listOf(location); // the list whose rows are on the page
  let pause;

  const mark = () => {
    for (const row of document.querySelectorAll(".document-row[aria-current]")) row.removeAttribute("aria-current");
    if (chosen()) rowOf(chosen())?.setAttribute("aria-current", "true");
  };

  const say = (text) => {
    const status = byId("shown");
    if (status) status.textContent = text;
  };

  const close = () => {
    const key = chosen();
    byId("document").replaceWith(byId("no-document").content.cloneNode(true));
    mark();
    say("");
    (key && rowOf(key))?.focus({ preventScroll: true });
  };

  const closeByHand = (address) => {
    history.pushState({ htmx: true }, "", address);
    close();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-closes-document]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !byId("no-document")) return;
    event.preventDefault();
    closeByHand(link.href);
  });

  // --- going back and forth ---

  document.addEventListener("htmx:before:history:restore", (event) => {
    const address = new URL(event.detail.path, location.href);
    if (!list() || listOf(address) !== shown) return;
    event.preventDefault();
    clearTimeout(pause);
    if (address.pathname === "/documents") close();
    else htmx.ajax("GET", event.detail.path, { target: "#document", swap: "outerHTML" });
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail.ctx.target;
    comeBack();
    if (target?.id === "documents" || target === document.body) shown = listOf(location);
    if (target?.id !== "document" || !chosen()) return;
    mark();
    say(byId("document-title").textContent);
    if (isPhone.matches) byId("document-title").focus();
    else byId("document").scrollTop = 0;
  });

  // --- the place in the list ---

  const inSight = () => {
    const top = (document.querySelector(".topbar")?.offsetHeight ?? 0) + 1;
    return rows().find((row) => row.getBoundingClientRect().bottom > top);
  };

  const note = () => {
    if (left) return;
    const row = list() && listOf(location) === shown ? inSight() : null;
    if (!row) return;
    const address = new URL(location.href);
    const after = new URL(row.href).searchParams.get("after");
    if (after) address.searchParams.set("after", after);
    else address.searchParams.delete("after");
    const place = { row: row.id, top: row.getBoundingClientRect().top };
    history.replaceState({ ...history.state, htmx: true, place }, "", address);
  };

  // Where the page was left, until it is there again: the rows below may have to be fetched first.
  let left = history.state?.place;

  const comeBack = () => {
    const row = left && byId(left.row);
    if (!row) return;
    scrollBy({ top: row.getBoundingClientRect().top - left.top, behavior: "instant" });
    if (Math.abs(row.getBoundingClientRect().top - left.top) < 1) left = null;
  };
  const stay = () => (left = null);

  addEventListener("scroll", () => {
    clearTimeout(pause);
    pause = setTimeout(note, PAUSE_MS);
  }, { passive: true });
  // Within the page browsers do it by themselves; but one that comes back has other rows above those in sight.
  addEventListener("pagehide", () => {
    note();
    history.scrollRestoration = "manual";
  });
  history.scrollRestoration = "auto";
  comeBack();
  for (const byHand of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(byHand, stay, { passive: true });

  // --- the keyboard ---

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen() && !event.defaultPrevented && !document.querySelector(":popover-open, details[data-closes][open]")) {
      closeByHand(document.querySelector("[data-closes-document]").href);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = step && document.activeElement?.closest(".document-row");
    if (!row || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const all = rows();
    const next = all[all.indexOf(row) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
})();
