// Everything works without this file. It sends the server the viewer's time zone, shows that a page is on its way, copies ids and
// numbers with a click, plays a recording from the turn that is clicked, shows which calls go on and counts their seconds, and walks through charts
// with the arrow keys.

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

// By a clock that nobody sets: those of this machine and of the ledger need not agree.
const elapsedSince = (seconds, at) => seconds + Math.floor((performance.now() - at) / 1000);

function elapsedWords(elapsed) {
  const [hours, minutes, seconds] = [Math.floor(elapsed / 3600), Math.floor(elapsed / 60) % 60, elapsed % 60];
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds}s` : `${seconds}s`;
}

let live = document.querySelector("[data-live]");
let shownAt = performance.now();
function countSeconds() {
  for (const element of live.querySelectorAll("[data-elapsed]")) {
    element.textContent = elapsedWords(elapsedSince(Number(element.dataset.elapsed), shownAt));
  }
}

// While the page is seen, and no longer than somebody is signed in: whoever is not is led to the sign-in, which is no part of a page.
const POLL_MS = 5000;
let polling = false;
async function pollLive() {
  if (polling || document.hidden) return;
  polling = true;
  try {
    const answer = await fetch(live.dataset.live, { redirect: "manual", signal: AbortSignal.timeout(POLL_MS * 2) });
    if (answer.type === "opaqueredirect") clearInterval(poll);
    if (answer.ok) showLive(await answer.text());
  } catch {
    // The next time may do better; until then, the seconds are counted on.
  } finally {
    polling = false;
  }
}

function showLive(html) {
  const next = new DOMParser().parseFromString(html, "text/html").querySelector("[data-live]");
  if (!next) return;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  live.replaceWith(next);
  live = next;
  shownAt = performance.now();
  [...live.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

let poll;
if (live) {
  setInterval(() => document.hidden || countSeconds(), 1000);
  poll = setInterval(pollLive, POLL_MS);
  document.addEventListener("visibilitychange", pollLive);
}

// A chart is one stop of the Tab key; within it, arrows lead on.
const arrows = { ArrowLeft: -1, ArrowRight: 1 };
for (const marks of document.querySelectorAll("[data-marks]")) {
  const links = [...marks.querySelectorAll("a")];
  for (const [index, link] of links.entries()) {
    link.tabIndex = index === links.length - 1 ? 0 : -1;
    link.addEventListener("keydown", (event) => {
      const next = links[index + (arrows[event.key] ?? Number.NaN)];
      if (!next || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      link.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    // A finger has no hover: its first touch shows the words, its second follows the link.
    link.addEventListener("click", (event) => {
      if (event.pointerType !== "touch" || link.dataset.shown !== undefined) return;
      event.preventDefault();
      for (const other of document.querySelectorAll("[data-shown]")) delete other.dataset.shown;
      link.dataset.shown = "";
    });
  }
}

// Over plain HTTP, and in browsers of before 2025, there is no Cookie Store: times are then in the zone of the address.
if ("cookieStore" in globalThis) await sendTimeZone();
