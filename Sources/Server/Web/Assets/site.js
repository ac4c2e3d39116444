// Script of all pages. Copies examples, asks before a form ends something, and updates pages: open jobs by server-sent
// events, other parts by fetching the page again. It writes text only, never markup. Without it, every page shows and
// does the same after a reload.
"use strict";
(() => {
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
  const make = (name, text, style) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (style) element.className = style;
    return element;
  };

  // Examples
  const copy = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";  // browsers allow no clipboard over plain HTTP
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  each("pre.copy", (pre) => {
    const button = make("button", "Copy", "quiet copier");
    button.type = "button";
    button.addEventListener("click", () => copy(button, pre.querySelector("code").textContent));
    pre.before(button);
  });

  // Forms, also those that are added later
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
    if (!form.dataset.busy) return;
    const button = form.querySelector("button");
    button.disabled = true;
    const note = make("p", form.dataset.busy, "soft");
    note.setAttribute("role", "status");
    form.append(note);
  });

  // Open jobs
  const time = (iso) => iso ? iso.slice(0, 10) + " " + iso.slice(11, 19) + " UTC" : "-";
  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const failures = (number) => number ? ", " + count(number) + " failed" : "";
  const show = {
    status: (element, job) => {
      element.textContent = job.status;
      element.className = "badge " + job.mood;
    },
    stage: (element, job) => { element.textContent = job.stage; },
    progress: (element, job) => { element.value = job.processed; },
    percentage: (element, job) => { element.textContent = job.percentage; },
    processed: (element, job) => { element.textContent = count(job.processed); },
    failed: (element, job) => { element.textContent = failures(job.failed); },
    error: (element, job) => { element.textContent = job.error || "-"; },
    updated: (element, job) => { element.dateTime = job.updated; element.textContent = time(job.updated); },
    estimate: (element, job) => {
      if (job.estimate) element.dateTime = job.estimate; else element.removeAttribute("datetime");
      element.textContent = time(job.estimate);
    },
  };
  const news = (job) => {
    each(`[data-job="${job.id}"]`, (part) => each("[data-show]", (element) => {
      show[element.dataset.show](element, job);
    }, part));
    if (!job.open) each("[data-actions] form", (form) => { form.hidden = true; });
  };
  const inside = (news) => {
    for (const stage of news.stages) {
      const item = document.querySelector(`[data-stage="${stage.name}"]`);
      if (!item) continue;
      const bar = item.querySelector("progress");
      bar.max = Math.max(1, stage.total);
      bar.value = stage.done;
      item.querySelector(".counts").textContent =
        count(stage.done) + " of " + count(stage.total) + failures(stage.failed);
    }
    const rows = news.batches.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map((cell) => make("td", cell)));
      return row;
    });
    document.querySelector("[data-batches] tbody").replaceChildren(...rows);
  };
  each("[data-live]", (part) => {
    const state = document.querySelector("[data-live-state]");
    const source = new EventSource(part.dataset.live);
    source.addEventListener("open", () => { state.textContent = "This page keeps itself up to date."; });
    source.addEventListener("job", (event) => news(JSON.parse(event.data)));
    source.addEventListener("inside", (event) => inside(JSON.parse(event.data)));
    source.addEventListener("end", () => {
      source.close();
      state.textContent = "All jobs on this page have ended. ";
      const link = make("a", "Show the end");
      link.href = location.pathname + location.search;
      state.append(link);
    });
    source.addEventListener("error", () => {
      state.textContent = source.readyState === EventSource.CLOSED
        ? "This page no longer keeps itself up to date; reload it."
        : "Connection lost; trying again.";
    });
  });

  // Parts that are fetched again from the page's own address. The browser parses the reply into a document in which no
  // script runs. A part is replaced only if it has changed.
  each("[data-refresh]", (part) => {
    const state = document.querySelector("[data-refresh-state]");
    const isRead = () => {
      const chosen = getSelection();
      return !chosen.isCollapsed && part.contains(chosen.anchorNode);
    };
    // Elements that can have focus or a scroll position, by a name that is the same in the new part.
    const nameOf = (element) =>
      element.getAttribute("href") || element.getAttribute("aria-label") || element.textContent;
    const places = () => new Map([...part.querySelectorAll("a, button, [tabindex]")].map(
      (element) => [element.closest("[id]").id + " " + nameOf(element), element]));
    const take = (fresh) => {
      part.dataset.refresh = fresh.dataset.refresh;
      if (isRead() || part.isEqualNode(fresh)) return;
      const held = [...places()].map(
        ([name, element]) => [name, element.scrollLeft, element === document.activeElement]);
      part.replaceChildren(...document.adoptNode(fresh).childNodes);
      const now = places();
      for (const [name, scrolled, isFocused] of held) {
        const element = now.get(name);
        if (element && scrolled) element.scrollLeft = scrolled;
        if (element && isFocused) element.focus({ preventScroll: true });
      }
    };
    const wait = () => {
      const seconds = Number(part.dataset.refresh);
      state.textContent = seconds ? "This page keeps itself up to date." : "";
      if (seconds) setTimeout(get, seconds * 1000);
    };
    const get = () => {
      // A hidden page waits until it is shown again.
      if (document.hidden) return document.addEventListener("visibilitychange", get, { once: true });
      const request = new XMLHttpRequest();
      request.open("GET", location.pathname + location.search);
      request.responseType = "document";
      request.timeout = 30000;
      request.addEventListener("loadend", () => {
        const fresh = request.response && request.response.querySelector("[data-refresh]");
        if (fresh) {
          take(fresh);
          wait();
        } else if (request.status >= 200 && request.status < 500) {
          state.textContent = "This page no longer keeps itself up to date; reload it.";
        } else {
          state.textContent = "Connection lost; trying again.";
          setTimeout(get, 3000);
        }
      });
      request.send();
    };
    wait();
  });
})();
