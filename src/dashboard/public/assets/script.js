// Everything works without this file. It sends the server the viewer's time zone, shows that a page is on its way, copies ids and
// numbers with a click, and plays a recording from the turn that is clicked.

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

// Over plain HTTP there is no clipboard.
for (const element of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy";
  button.setAttribute("aria-label", `Copy ${element.dataset.copies ?? ""}`.trim());
  // In a table, a hundred of them would stand between the links.
  if (element.closest("td")) button.tabIndex = -1;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(element.dataset.copy);
    button.textContent = "copied";
    button.classList.add("done");
  });
  element.append(button);
}

// Where a turn has a time and the call a beginning, the turn plays from there.
const player = document.querySelector("audio[data-started-at]");
for (const time of player ? document.querySelectorAll(".turn time[datetime]") : []) {
  const second = (Date.parse(time.dateTime) - Date.parse(player.dataset.startedAt)) / 1000;
  // Beyond a day, one of the two clocks is wrong.
  if (!(second >= 0 && second < 24 * 60 * 60)) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "play-from";
  button.setAttribute("aria-label", `Play from ${time.textContent}`);
  time.replaceWith(button);
  button.append(time);
  const turn = button.closest(".turn");
  turn.classList.add("plays");
  turn.addEventListener("click", ({ target }) => {
    // Whoever marks words to copy them wants to hear nothing, nor does who unfolds what a tool was given or follows a link.
    if (getSelection()?.isCollapsed === false || target.closest("details, a")) return;
    player.currentTime = second;
    // Refused where the audio cannot be had: the player shows that itself.
    player.play().catch(() => {});
  });
}

// Over plain HTTP, and in browsers of before 2025, there is no Cookie Store: times are then in the zone of the address.
if ("cookieStore" in globalThis) await sendTimeZone();
