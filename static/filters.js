// Boxes that unfold (`<details data-closes>`) fold again like a menu: on Escape, and on a click or focus elsewhere.
"use strict";

(() => {
  const open = () => document.querySelectorAll("details[data-closes][open]");

  const closeOthers = (event) => {
    for (const box of open()) {
      if (event.target instanceof Node && !box.contains(event.target)) box.open = false;
    }
  };

  document.addEventListener("click", closeOthers);
  document.addEventListener("focusin", closeOthers);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const box of open()) {
      box.open = false;
      if (box.contains(document.activeElement)) box.querySelector("summary").focus();
    }
  });
})();
