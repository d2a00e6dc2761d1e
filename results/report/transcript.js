"use strict";
(() => {
  const { run, lines, texts, events } = JSON.parse(document.getElementById("transcript-data").textContent);
  const AT_ONCE = 50, FEW = 20;
  const form = document.getElementById("transcript-filters");
  const sections = [...document.querySelectorAll("section.visit")];
  const byVisit = sections.map(() => []);
  for (const event of events) byVisit[event.visit].push(event);
  const lower = [];
  let shown = byVisit;

  const text = (number) => texts[number].map((line) => lines[line]).join("\n");
  const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

  function make(tag, kind, content, ...children) {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    if (content) made.textContent = content;
    made.append(...children);
    return made;
  }

  function fold(title, fill, open = false) {
    const body = make("div"), folded = make("details", "part", "", make("summary", "", title), body);
    const once = () => { if (folded.open && !body.childNodes.length) body.append(...fill()); };
    folded.addEventListener("toggle", once);
    folded.open = open;
    if (open) once();
    return folded;
  }

  function preview(event) {
    const number = event.error ?? event.text ?? event.reply;
    if (number === undefined) return "";
    const start = text(number).slice(0, 400).replace(/\s+/g, " ").trim();
    return start.length > 160 ? `${start.slice(0, 160)}…` : start;
  }

  function where(event) {
    const stage = event.stage === undefined ? "" : `stage ${event.stage}`;
    const round = event.round === undefined ? "" : `round ${event.round}`;
    return [event.task, [stage, round].filter(Boolean).join(", "), event.module].filter(Boolean).join(" · ");
  }

  function effort(event) {
    const parts = [];
    if (event.tokens && event.tokens[0] + event.tokens[1]) {
      parts.push(`${event.tokens[2] ? "about " : ""}${event.tokens[0]} → ${event.tokens[1]} tokens`);
    }
    if (event.ledger) parts.push("from the ledger");
    if (event.cost) parts.push(`$${event.cost.toFixed(4)}`);
    if (event.tokens || event.own) parts.push(`${event.seconds.toFixed(event.seconds < 10 ? 2 : 0)} s`);
    return parts.join(" · ");
  }

  function receiver(event) {
    if (event.tokens) return event.teacher || "teacher";
    return event.own ? "outcome of the visit" : `lesson ${event.subject}`;
  }

  function row(event) {
    const head = make("summary", "", "",
      make("b", "", `${event.agent} → ${receiver(event)}`), " ",
      make("span", "muted", [where(event), effort(event)].filter(Boolean).join(" · ")));
    if (event.attempt) head.append(" ", make("span", "tag", "repair"));
    if (event.error !== undefined) head.append(" ", make("span", "tag bad", `✗ ${event.category || "rejected"}`));
    head.append(make("span", "preview", preview(event)));
    const body = make("div"), made = make("details", "event", "", head, body);
    made.dataset.event = event.id;
    made.addEventListener("toggle", () => { if (made.open && !body.childNodes.length) body.append(...inside(event)); });
    return made;
  }

  function setOut(json) {
    try { return JSON.stringify(JSON.parse(json), null, 2); } catch { return json; }  // shortened ones are not JSON
  }

  function* inside(event) {
    const pre = (number) => make("pre", "", text(number));
    if (event.error !== undefined) yield make("pre", "bad", text(event.error));
    if (event.messages) {
      yield fold(`Prompt, ${count(event.messages.length, "message")}`,
        () => event.messages.flatMap(([role, number]) => [make("span", "muted", role), pre(number)]));
    }
    if (event.reasoning !== undefined) yield fold("Reasoning", () => [pre(event.reasoning)]);
    if (event.parsed !== undefined) yield fold("Reply as JSON", () => [make("pre", "", setOut(text(event.parsed)))], true);
    if (event.reply !== undefined) yield fold("Reply as it came", () => [pre(event.reply)], event.parsed === undefined);
    if (event.text !== undefined) yield pre(event.text);
    for (const note of event.notes ?? []) yield pre(note);
    for (const [title, number] of [["State that it read", event.read], ["State that it wrote", event.wrote]]) {
      if (number !== undefined) yield fold(title, () => [make("pre", "", setOut(text(number)))]);
    }
    yield make("p", "muted", `${event.time.slice(0, 19).replace("T", " ")} UTC · ioa transcript ${run} --event ${event.id} --full`);
  }

  function fill(at, from = 0) {
    const body = sections[at].querySelector(".calls > div"), found = shown[at];
    if (!from) body.replaceChildren();
    body.append(...found.slice(from, from + AT_ONCE).map(row));
    const rest = found.length - from - AT_ONCE;
    if (rest <= 0) return;
    const more = make("button", "more", `Show ${Math.min(rest, AT_ONCE)} of ${count(rest, "more event")}`);
    more.type = "button";
    more.addEventListener("click", () => { more.remove(); fill(at, from + AT_ONCE); });
    body.append(more);
  }

  function finder(words) {
    if (!words) return () => true;
    if (!lower.length) for (const line of lines) lower.push(line.toLowerCase());
    const hit = lower.map((line) => line.includes(words));
    const found = texts.map((numbers) => numbers.some((line) => hit[line]));
    return (event) =>
      [event.error, event.reply, event.reasoning, event.parsed, event.text, event.read, event.wrote,
        ...(event.notes ?? []), ...(event.messages ?? []).map(([, number]) => number)].some((number) => found[number])
      || [event.id, event.subject, event.task, event.category, event.teacher].some((part) => part?.toLowerCase().includes(words));
  }

  function apply() {
    const { agent, stage, module, rejected, words } = Object.fromEntries(
      [...form.elements].map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
    const search = finder(words.trim().toLowerCase());
    const active = Boolean(agent || stage || module || rejected || words.trim());
    shown = byVisit.map((own) => !active ? own : own.filter((event) =>
      (!agent || event.agent === agent) && (!stage || String(event.stage ?? "-") === stage)
      && (!module || (event.module ?? "-") === module) && (!rejected || event.error !== undefined) && search(event)));
    const total = shown.reduce((sum, found) => sum + found.length, 0);
    sections.forEach((section, at) => {
      section.hidden = active && !shown[at].length;
      const calls = section.querySelector(".calls");
      if (!calls) return;
      calls.querySelector(".matching").textContent = active ? `${shown[at].length} of ${byVisit[at].length} match` : "";
      if (active && total <= FEW && shown[at].length) calls.open = true;
      if (calls.open) fill(at);
    });
    form.querySelector("output").textContent = active
      ? `${count(total, "event")} of ${events.length.toLocaleString("en")} match` : count(events.length, "event");
  }

  function choices(name, none) {
    const values = [...new Set(events.map((event) => String(event[name] ?? "-")))];
    values.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    for (const value of values) {
      const option = make("option", "", value === "-" ? none : value);
      option.value = value;
      form.elements[name].append(option);
    }
  }

  choices("agent", "none");
  choices("stage", "before and after the stages");
  choices("module", "several at once");
  sections.forEach((section, at) => {
    const calls = section.querySelector(".calls");
    if (calls) calls.addEventListener("toggle", () => { if (calls.open && !calls.lastElementChild.childNodes.length) fill(at); });
  });
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener("submit", (submitted) => submitted.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
  addEventListener("beforeprint", () => document.querySelectorAll("details.print").forEach((one) => { one.open = true; }));
})();
