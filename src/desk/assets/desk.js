// Comfort for the pages: everything here can be done without it, in one step more.

// One box that ticks all: <input type="checkbox" data-all="NAME" hidden>
for (const all of document.querySelectorAll("[data-all]")) {
  all.hidden = false;
  const boxes = () => document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(all.dataset.all)}"]`);
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
  });
}

// What is shown once can be copied: <button type="button" data-copy="ID" hidden>
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const from = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText((from.value ?? from.textContent).trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 2000);
  });
}

// A form that is sent is not sent again while it is under way.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What takes some seconds says so while it does: <button data-busy="Looking…">
for (const button of document.querySelectorAll("[data-busy]")) {
  const label = button.textContent;
  const named = button.getAttribute("aria-label");
  button.setAttribute("aria-live", "polite");
  const busy = (on) => {
    button.textContent = on ? button.dataset.busy : label;
    // What it is called goes before what stands on it.
    if (named !== null) button.setAttribute("aria-label", on ? button.dataset.busy : named);
    button.disabled = on;
  };
  // After what is sent was gathered: a button that is switched off is not part of it.
  button.form?.addEventListener("submit", (event) => {
    if (event.submitter === button) setTimeout(() => busy(true));
  });
  addEventListener("pageshow", () => busy(false));
}

// A page that shows how far something is looks again by itself: <main data-again="SECONDS">
const again = Number(document.querySelector("[data-again]")?.dataset.again);
if (again) setTimeout(() => location.reload(), again * 1000);

// Filters that are a choice take effect at once.
for (const select of document.querySelectorAll("form.filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
