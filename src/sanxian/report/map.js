// The map of a report: zoom, pan, grounds and layers, and the way between a zone and its row.
// Without this script the map stands as it is printed. It loads nothing; all it reads are numbers in attributes.
"use strict";
(() => {
  const STEPS = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000]; // seconds of arc
  const MOST = 64; // times
  const FAR = 4; // pixels: a pointer that moved farther has dragged, not clicked

  for (const figure of document.querySelectorAll("figure[data-map]")) start(figure);

  function start(figure) {
    const sheet = figure.querySelector(".sheet");
    const svg = sheet.querySelector("svg.map");
    const tools = sheet.querySelector(".map-tools");
    const rect = svg.querySelector("rect.frame");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => +rect.getAttribute(name));
    const [west, south, east, north] = svg.dataset.bounds.split(" ").map(Number);
    const metres = +svg.dataset.metres / width; // of one unit
    const moving = svg.querySelectorAll(".moves");
    const spots = [...svg.querySelectorAll(".moves :is(text, circle, rect)")].map((node) => [node, ...middle(node)]);
    const patterns = [...document.querySelectorAll('pattern[id^="live-"]')].map((node) => [
      node,
      node.getAttribute("patternTransform") || "",
    ]);
    const graticule = svg.querySelector(".graticule");
    const bar = svg.querySelector(".furniture");
    const still = { graticule: [...graticule.childNodes], bar: [...bar.childNodes] };
    let view = { k: 1, x: 0, y: 0 };

    svg.classList.add("live");
    sheet.tabIndex = 0;
    sheet.setAttribute("role", "group");
    sheet.setAttribute("aria-labelledby", "map-title");
    sheet.setAttribute("aria-describedby", "map-keys");
    tools.hidden = false;

    // --- drawing a view -----------------------------------------------------------------------

    function middle(node) {
      if (node.tagName === "circle") return [+node.getAttribute("cx"), +node.getAttribute("cy")];
      if (node.tagName === "rect") return [+node.getAttribute("x") + 3, +node.getAttribute("y") + 3];
      const spans = [...node.querySelectorAll("tspan")].map((span) => [+span.getAttribute("x"), +span.getAttribute("y")]);
      return spans.length ? [spans[0][0], spans.reduce((sum, spot) => sum + spot[1], 0) / spans.length] : [0, 0];
    }

    function show(k, x, y) {
      k = Math.min(MOST, Math.max(1, k));
      view = {
        k,
        x: Math.min(left * (1 - k), Math.max((left + width) * (1 - k), x)),
        y: Math.min(top * (1 - k), Math.max((top + height) * (1 - k), y)),
      };
      const at = k === 1 ? null : `translate(${view.x} ${view.y}) scale(${k})`;
      for (const group of moving) set(group, "transform", at);
      for (const [node, cx, cy] of spots) {
        set(node, "transform", k === 1 ? null : `translate(${cx} ${cy}) scale(${1 / k}) translate(${-cx} ${-cy})`);
      }
      for (const [node, turned] of patterns) set(node, "patternTransform", `scale(${1 / k}) ${turned}`);
      svg.classList.toggle("zoomed", k > 1);
      if (k === 1) {
        graticule.replaceChildren(...still.graticule);
        bar.replaceChildren(...still.bar);
      } else {
        drawGraticule();
        drawBar();
      }
    }

    function set(node, name, value) {
      if (value === null) node.removeAttribute(name);
      else node.setAttribute(name, value);
    }

    function make(name, attributes, text) {
      const node = document.createElementNS("http:" + "//www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      if (text !== undefined) node.textContent = text;
      return node;
    }

    function lon(unit) {
      return west + (((unit - view.x) / view.k - left) / width) * (east - west);
    }

    function lat(unit) {
      return north - (((unit - view.y) / view.k - top) / height) * (north - south);
    }

    function ticks(low, high, wanted) {
      const step = STEPS.find((s) => ((high - low) * 3600) / s <= wanted) || STEPS[STEPS.length - 1];
      const found = [];
      for (let i = Math.ceil((low * 3600) / step); i * step <= high * 3600; i++) found.push((i * step) / 3600);
      return found;
    }

    function degrees(value, letters) {
      const seconds = Math.round(Math.abs(value) * 3600);
      const two = (n) => String(n).padStart(2, "0");
      const rest = seconds % 60 ? two(seconds % 60) + "″" : "";
      return `${Math.floor(seconds / 3600)}°${two(Math.floor(seconds / 60) % 60)}′${rest}${letters[value < 0 ? 1 : 0]}`;
    }

    function drawGraticule() {
      const [right, bottom] = [left + width, top + height];
      const marks = [];
      for (const value of ticks(lon(left), lon(right), 5)) {
        const x = (left + ((value - west) / (east - west)) * width) * view.k + view.x;
        marks.push(make("path", { class: "tick", d: `M${x} ${bottom}v5M${x} ${top}v5` }));
        if (x > left + 30 && x < right - 30) {
          marks.push(make("text", { class: "tick-x", x, y: bottom + 16 }, degrees(value, "EW")));
        }
      }
      for (const value of ticks(lat(bottom), lat(top), 4)) {
        const y = (top + ((north - value) / (north - south)) * height) * view.k + view.y;
        marks.push(make("path", { class: "tick", d: `M${left} ${y}h-5M${right} ${y}h-5` }));
        if (y > top + 30 && y < bottom - 30) {
          const transform = `rotate(-90 ${left - 10} ${y})`;
          marks.push(make("text", { class: "tick-y", x: left - 10, y, transform }, degrees(value, "NS")));
        }
      }
      graticule.replaceChildren(...marks);
    }

    function drawBar() {
      const [full, empty, text, ...rest] = still.bar.map((node) => node.cloneNode(true));
      const wanted = (metres * width * 0.24) / view.k;
      const power = 10 ** Math.floor(Math.log10(wanted));
      const long = [5, 2, 1].find((n) => n * power <= wanted) * power;
      const half = ((long / metres) * view.k) / 2;
      const y = /^M\S+ (\S+?)h/.exec(full.getAttribute("d"))[1];
      full.setAttribute("d", `M${left} ${y}h${half}v4h${-half}z`);
      empty.setAttribute("d", `M${left + half} ${y}h${half}v4h${-half}z`);
      text.setAttribute("x", left + 2 * half + 8);
      text.textContent = long >= 1000 ? `${+(long / 1000).toPrecision(6)} km` : `${+long.toPrecision(6)} m`;
      bar.replaceChildren(full, empty, text, ...rest);
    }

    function zoom(factor, x = left + width / 2, y = top + height / 2) {
      const k = Math.min(MOST, Math.max(1, view.k * factor));
      show(k, x - ((x - view.x) / view.k) * k, y - ((y - view.y) / view.k) * k);
    }

    // --- pointers -----------------------------------------------------------------------------

    const held = new Map();
    let dragged = false;

    function units(event) {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return { x: point.x, y: point.y, px: event.clientX, py: event.clientY };
    }

    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (held.size === 0) dragged = false;
      held.set(event.pointerId, units(event));
    });
    svg.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = units(event);
      if (!dragged && Math.hypot(now.px - before.px, now.py - before.py) < FAR) return;
      if (!dragged) svg.setPointerCapture(event.pointerId);
      dragged = true;
      if (held.size === 1) {
        show(view.k, view.x + now.x - before.x, view.y + now.y - before.y);
      } else {
        const other = [...held].find(([id]) => id !== event.pointerId)[1];
        const far = (spot) => Math.max(1, Math.hypot(spot.x - other.x, spot.y - other.y));
        zoom(far(now) / far(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
      }
      held.set(event.pointerId, now);
    });
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      svg.addEventListener(name, (event) => held.delete(event.pointerId));
    }
    svg.addEventListener("click", (event) => {
      if (!dragged) return;
      event.preventDefault();
      dragged = false;
    }, true);
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the wheel alone scrolls the page
      event.preventDefault();
      const at = units(event);
      zoom(2 ** (-event.deltaY / 240), at.x, at.y);
    }, { passive: false });
    svg.addEventListener("dblclick", (event) => {
      const at = units(event);
      zoom(2, at.x, at.y);
    });

    // --- keys and tools -----------------------------------------------------------------------

    sheet.addEventListener("keydown", (event) => {
      if (event.target !== sheet || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = width / 8;
      const act = {
        ArrowLeft: () => show(view.k, view.x + step, view.y),
        ArrowRight: () => show(view.k, view.x - step, view.y),
        ArrowUp: () => show(view.k, view.x, view.y + step),
        ArrowDown: () => show(view.k, view.x, view.y - step),
        "+": () => zoom(1.5),
        "=": () => zoom(1.5),
        "-": () => zoom(1 / 1.5),
        0: () => show(1, 0, 0),
      }[event.key];
      if (!act || (view.k === 1 && event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      act();
    });
    tools.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-zoom]");
      if (!button) return;
      if (button.dataset.zoom === "whole") show(1, 0, 0);
      else zoom(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5);
    });
    tools.addEventListener("change", apply);

    function apply() {
      const chosen = tools.querySelector('input[name="ground"]:checked');
      const ground = chosen ? chosen.value : "units";
      for (const group of svg.querySelectorAll("[data-ground]")) {
        group.classList.toggle("off", group.dataset.ground !== ground);
      }
      for (const legend of figure.querySelectorAll("[data-legend]")) legend.hidden = legend.dataset.legend !== ground;
      svg.classList.toggle("other-ground", ground !== "units");
      for (const box of tools.querySelectorAll("input[data-toggle]")) {
        for (const group of svg.querySelectorAll(`[data-layer="${box.value}"]`)) group.classList.toggle("off", !box.checked);
      }
    }

    // --- from a row to the map, and paper -----------------------------------------------------

    function find() {
      const zone = location.hash.startsWith("#on-") && document.getElementById(location.hash.slice(1));
      if (!zone || !svg.contains(zone)) return;
      const ground = zone.closest("[data-ground]");
      if (ground) tools.querySelector(`input[name="ground"][value="${ground.dataset.ground}"]`).checked = true;
      const layer = zone.closest("[data-layer]");
      if (layer) tools.querySelector(`input[data-toggle="${layer.dataset.layer}"]`).checked = true;
      apply();
      const box = zone.getBBox();
      const k = Math.min(16, Math.max(1, 0.5 * Math.min(width / Math.max(box.width, 1), height / Math.max(box.height, 1))));
      show(k, left + width / 2 - k * (box.x + box.width / 2), top + height / 2 - k * (box.y + box.height / 2));
      sheet.scrollIntoView({ block: "center" });
    }
    addEventListener("hashchange", find);
    apply(); // a browser that comes back to the page may have kept what was chosen
    find();

    let kept = null;
    addEventListener("beforeprint", () => {
      kept = view;
      show(1, 0, 0);
    });
    addEventListener("afterprint", () => {
      if (kept) show(kept.k, kept.x, kept.y);
      kept = null;
    });
  }
})();
