// Everything works without this file. It sends the server the viewer's time zone, and shows that a page is on its way.

async function sendTimeZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isSet = async () => (await cookieStore.get("time_zone"))?.value === zone;
  if (await isSet()) return;
  const expires = Date.now() + 365 * 24 * 60 * 60 * 1000;
  await cookieStore.set({ name: "time_zone", value: zone, path: "/", expires, sameSite: "lax" });
  const shown = document.documentElement.dataset.timeZone;
  // Only once the cookie is set, so that a browser that takes none does not reload for ever.
  if (shown !== undefined && shown !== zone && (await isSet())) location.reload();
}

const busy = (state) => document.querySelector("main")?.setAttribute("aria-busy", String(state));

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

// Over plain HTTP, and in browsers of before 2025, there is no Cookie Store: times are then in the zone of the address.
if ("cookieStore" in globalThis) await sendTimeZone();
