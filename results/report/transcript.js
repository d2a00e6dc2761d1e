// The transcript of the report: which of its cards are shown. `CardList` draws them.
const showTranscript = ({ run, visits, events, lines, texts, pieces }) => {
  const PAGE = 50;
  const FIELDS = {
    agent: "none", node: "none", task: "none", stage: "before and after", round: "none", module: "several at once",
  };
  const JSON_PARTS = ["parsed", "read", "wrote"];
  const form = document.getElementById("transcript-filters");
  const [notice, output] = [document.getElementById("transcript-notice"), form.querySelector("output")];
  const [back, on] = [...document.querySelectorAll("#transcript-pages button")];
  const places = new Map(events.map((event, place) => [event.id, place]));
  const shownById = new Map();
  let found = events, page = 0, words = "", jumps = 0, lower = null;

  const text = (number) => texts[number].map((line) => lines[line]).join("\n");
  const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
  const value = (event, name) => String(event[name] ?? "-");

  /** A card as `CardList` wants it: a number in a list is a piece, a number under a name is a text. */
  const unpack = (packed) => {
    if (typeof packed === "string") return packed;
    if (Array.isArray(packed)) return packed.map((one) => unpack(typeof one === "number" ? pieces[one] : one));
    return Object.fromEntries(
      Object.entries(packed).map(([name, one]) => [name, typeof one === "number" ? text(one) : unpack(one)]),
    );
  };
  const card = (packed, id) => {
    const body = unpack(packed.body || []);
    for (const fold of words ? body.flatMap((block) => block.folds ?? block).filter((one) => one.part) : []) {
      const hits = text(packed.parts[fold.part]).toLowerCase().split(words).length - 1;
      if (hits) fold.label += ` · ${count(hits, "hit")}`;
    }
    return { id, look: packed.look || "", head: unpack(packed.head || []), body };
  };

  /** Which events have the words in the texts behind their folds, in what their cards say, or in their ids. */
  const finder = () => {
    lower ??= lines.map((line) => line.toLowerCase());
    const inLine = lower.map((line) => line.includes(words));
    const inText = texts.map((numbers) => numbers.some((line) => inLine[line]));
    const inPiece = [];
    for (const piece of pieces) {  // those inside a piece stand before it
      const own = typeof piece.text === "number" ? inText[piece.text] : piece.text?.toLowerCase().includes(words);
      inPiece.push(Boolean(own || piece.spans?.some((one) => inPiece[one])));
    }
    return (event) => Object.values(event.parts ?? {}).some((number) => inText[number])
      || event.body?.some((one) => inPiece[one]) || event.id.toLowerCase().includes(words);
  };

  const family = (id) => {
    const above = events[places.get(id)]?.parent;
    return (event) => event.id === id || event.id === above || event.parent === id;
  };

  const chosen = () => Object.fromEntries([...form.elements].filter((field) => field.name).map(
    (field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));

  const clear = () => {
    for (const field of form.elements) [field.value, field.checked] = ["", false];
  };

  function find() {
    const { words: wanted, rejected, ...values } = chosen();
    words = wanted.trim().toLowerCase();
    const [what, id] = hash();
    const related = what === "family" ? family(id) : null, has = words ? finder() : null;
    found = events.filter((event) => (!rejected || event.rejected) && (!related || related(event))
      && Object.entries(values).every(([name, one]) => !one || value(event, name) === one) && (!has || has(event)));
    tell(related ? `Event ${id}, what it belongs to, and what belongs to it.` : "");
  }

  function draw(place = {}, some = found.slice(page * PAGE, (page + 1) * PAGE)) {
    const cards = [];
    let above = null;
    for (const event of some) {
      if (event.visit && event.visit !== above) {
        above = event.visit;
        cards.push(card(visits[above], `above ${event.id}`));
      }
      shownById.set(event.id, event);
      cards.push(card(event, event.id));
    }
    list.show({ cards, marks: words, place: { number: place.id ? (jumps += 1) : jumps, ...place } });
    const last = Math.min(found.length, (page + 1) * PAGE);
    output.textContent = found.length === events.length ? count(events.length, "event")
      : `${count(found.length, "event")} of ${events.length.toLocaleString("en")} match`;
    back.parentElement.hidden = found.length <= PAGE;
    const [from, to] = [page * PAGE + 1, last].map((place) => place.toLocaleString("en"));
    back.parentElement.querySelector("span").textContent = `${from} to ${to}`;
    [back.disabled, on.disabled] = [page === 0, last >= found.length];
  }

  function tell(told) {
    notice.textContent = told;
  }

  function hash() {
    const [what, id] = location.hash.slice(1).split("=");
    try {
      return [what, decodeURIComponent(id ?? "")];
    } catch {
      return ["", ""];
    }
  }

  /** Show what the address asks for: an event, or one with its parent and children. */
  function follow() {
    const [what, id] = hash();
    if (what === "family") clear();
    if (what !== "event") return turn(0);
    find();
    if (!places.has(id)) tell(`Event ${id} is not in this file: ioa transcript ${run} --event ${id} --full`);
    else if (!found.includes(events[places.get(id)])) {
      clear();
      find();
      tell(`The filters were cleared: they did not show event ${id}.`);
    }
    page = Math.max(0, Math.floor(found.indexOf(events[places.get(id)]) / PAGE));
    draw(places.has(id) ? { id } : {});
  }

  function turn(to) {
    find();
    page = to;
    draw();
  }

  function leave() {
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    turn(0);
  }

  const list = new CardList(document.getElementById("transcript-cards"), (name, asked) => {
    if (name === "go") {
      const to = `#${asked.what === "family" ? "family" : "event"}=${encodeURIComponent(asked.id)}`;
      if (location.hash === to) follow();
      else location.hash = to;
    }
    if (name !== "part") return;
    let shown = text(shownById.get(asked.card).parts[asked.part]);
    if (JSON_PARTS.includes(asked.part)) {
      try { shown = JSON.stringify(JSON.parse(shown), null, 2); } catch { /* a shortened one is not JSON */ }
    }
    list.deliver(asked.card, asked.part, shown, shown.length, shown.length);
  }, false);

  for (const [name, none] of Object.entries(FIELDS)) {
    const values = [...new Set(events.map((event) => value(event, name)))];
    values.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    for (const one of values) form.elements[name].append(new Option(one === "-" ? none : one, one));
  }
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(leave, 120); });
  form.addEventListener("submit", (submitted) => submitted.preventDefault());
  form.addEventListener("reset", () => setTimeout(leave));
  back.addEventListener("click", () => turn(page - 1));
  on.addEventListener("click", () => turn(page + 1));
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => draw({}, events.filter((event) => event.decides)));
  addEventListener("afterprint", () => draw());
  form.hidden = false;
  follow();
};
