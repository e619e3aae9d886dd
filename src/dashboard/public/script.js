// Everything works without this file. It tells the server the viewer's time zone, and shows that a page is on its way.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const told = document.cookie.split("; ").includes(`time_zone=${zone}`);
if (!told && navigator.cookieEnabled) {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing from some browsers in use
  document.cookie = `time_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  if (document.documentElement.dataset.timeZone !== zone) location.reload();
}

const busy = (state) => document.documentElement.setAttribute("aria-busy", String(state));

addEventListener("submit", (event) => {
  if (!event.defaultPrevented) busy(true);
});
addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const leaves = link && !link.target && !link.hasAttribute("download") && !link.hash;
  if (leaves && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey) busy(true);
});
// Back from the browser's cache of pages, where it was left busy.
addEventListener("pageshow", () => busy(false));

for (const control of document.querySelectorAll("select[data-submits]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}
