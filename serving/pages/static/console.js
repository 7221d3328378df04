// Keys for the console. Everything works without this file; keys only press what the page shows.
"use strict";

document.documentElement.classList.add("script");

const dialog = document.getElementById("keys");

function showKeys() {
  if (dialog && !dialog.open) dialog.showModal();
}

function isTyping(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function moveAmongItems(step) {
  const items = [...document.querySelectorAll("[data-item]")];
  if (!items.length) return false;
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + step));
  items[next].focus();
  items[next].scrollIntoView({ block: "nearest" });
  return true;
}

function press(key) {
  const found = document.querySelector(`[data-key="${key}"]`);
  if (!found) return false;
  if (found.tagName === "SELECT") {
    found.focus();
    found.scrollIntoView({ block: "center" });
  } else {
    found.click();
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
  if (isTyping(event.target)) {
    // out of a field, so that single keys act again
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (dialog && dialog.open) return;
  if (document.body.dataset.keys === "off") return;
  let done = false;
  if (event.key === "?") {
    showKeys();
    done = true;
  } else if (event.key === "j" || event.key === "k") {
    done = moveAmongItems(event.key === "j" ? 1 : -1) || press(event.key);
  } else if (/^[a-z]$/.test(event.key)) {
    done = press(event.key);
  }
  if (done) event.preventDefault();
});

// in a drop-down list Enter opens nothing: it submits the form that the list is in
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || target.tagName !== "SELECT" || !target.form || target.form.method !== "post") return;
  event.preventDefault();
  target.form.requestSubmit(target.form.querySelector("button"));
});

for (const button of document.querySelectorAll("[data-opens]")) button.addEventListener("click", showKeys);

// a second press while the first is on its way would be a second entry
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
