// A list of cards that are drawn from JSON. All text goes through text nodes: nothing in it is ever taken for HTML.
const make = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
};

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Append text to a node, with what was searched for marked in it. */
const write = (node, text, marks) => {
  if (!marks) {
    node.append(text);
    return node;
  }
  let from = 0;
  for (const found of text.matchAll(new RegExp(escaped(marks), "giu"))) {
    node.append(text.slice(from, found.index), make("mark", "", found[0]));
    from = found.index + found[0].length;
  }
  node.append(text.slice(from));
  return node;
};

/** The list. Cards that stay as they are keep what is open in them when others are shown. */
class CardList {
  /**
   * @param root The element that the cards are put into.
   * @param emit Called with `part` and {card, part, start} where a text is wanted, which `deliver` brings; with `go`
   *   and {id, what} where a link is followed; with `save` and {card, part} where a text is to be saved.
   * @param saves Whether texts can be saved.
   */
  constructor(root, emit, saves = true) {
    this.root = root;
    this.emit = emit;
    this.saves = saves;
    this.drawn = new Map(); // card id -> { signature, node }
    this.folds = new Map(); // "card part" -> { node, pre, texts, marks }, of those that were opened
    this.shown = -1; // number of the last place that was scrolled to
  }

  /** Show these cards and no others; text that is `marks` is marked; `place` is where to scroll to. */
  show({ cards, marks, place }) {
    const nodes = cards.map((card) => this.card(card, marks));
    const wanted = new Set(cards.map((card) => card.id));
    for (const [id, { node }] of this.drawn) {
      if (!wanted.has(id)) {
        node.remove();
        this.drawn.delete(id);
      }
    }
    nodes.forEach((node, i) => {
      if (this.root.children[i] !== node) this.root.insertBefore(node, this.root.children[i] || null);
    });
    if (place.number !== this.shown) {
      this.shown = place.number;
      if (place.id || place.end || place.top) setTimeout(() => this.scroll(place), 30);
    }
  }

  scroll(place) {
    if (place.end) window.scrollTo({ top: document.documentElement.scrollHeight });
    if (place.top) window.scrollTo({ top: 0 });
    const card = place.id && this.drawn.get(place.id);
    if (!card) return;
    card.node.scrollIntoView({ block: "start" });
    for (const other of this.root.querySelectorAll(".card.chosen")) other.classList.remove("chosen");
    card.node.classList.add("chosen");
  }

  card(card, marks) {
    const signature = JSON.stringify([card, marks]);
    const old = this.drawn.get(card.id);
    if (old && old.signature === signature) return old.node;
    const node = make("article", `card ${card.look || ""}`);
    node.dataset.id = card.id;
    if (card.head.length) node.append(this.line(card.head, marks, "head"));
    for (const block of card.body) node.append(this.block(card, block, marks));
    if (old) {
      if (old.node.classList.contains("chosen")) node.classList.add("chosen");
      old.node.replaceWith(node);
    }
    this.drawn.set(card.id, { signature, node });
    return node;
  }

  line(spans, marks, className) {
    return make("div", `line ${className || ""}`, ...spans.map((span) => this.span(span, marks)));
  }

  span(span, marks) {
    const node = write(make(span.href ? "a" : "span", span.look || ""), span.text, marks);
    if (span.title) node.title = span.title;
    if (span.href) {
      node.href = span.href;
      if (span.go) {
        node.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.emit("go", { id: span.go, what: span.what || "event" });
        });
      }
    }
    return node;
  }

  block(card, block, marks) {
    switch (block.type) {
      case "line":
        return this.line(block.spans, marks, block.look);
      case "text":
        return this.text(block, marks);
      case "diff": {
        const node = make("div", "words");
        node.dir = "auto";
        const tags = { gone: "del", new: "ins", same: "span" };
        for (const [kind, text] of block.parts) node.append(write(make(tags[kind]), text, marks));
        return node;
      }
      case "columns": {
        const node = make("div", "columns");
        for (const column of block.columns) {
          node.append(make("div", "column", ...column.map((inner) => this.block(card, inner, marks))));
        }
        return node;
      }
      case "folds":
        return make("div", "folds", ...block.folds.map((inner) => this.fold(card, inner, marks)));
      default:
        return this.fold(card, block, marks);
    }
  }

  text(block, marks) {
    const node = write(make("div", `words ${block.look || ""}`), block.text, marks);
    node.dir = "auto";
    return node;
  }

  fold(card, block, marks) {
    const key = `${card.id} ${block.part}`;
    const kept = this.folds.get(key);
    const summary = write(make("summary"), block.label, "");
    if (kept) {
      kept.node.firstChild.replaceWith(summary);
      if (kept.marks !== marks) {
        kept.marks = marks;
        this.fill(kept);
      }
      return kept.node;
    }
    const pre = make("pre", "words");
    pre.dir = "auto";
    const tools = make("div", "tools");
    const node = make("details", "", summary, pre, tools);
    const fold = { node, pre, tools, texts: [], marks, total: 0, next: 0, asked: -1 };
    fold.node.addEventListener("toggle", () => {
      if (!fold.node.open || fold.asked >= 0) return;
      this.folds.set(key, fold);
      pre.textContent = "…";
      this.more(card.id, block.part, fold);
    });
    return fold.node;
  }

  more(card, part, fold) {
    if (fold.asked === fold.next) return;
    fold.asked = fold.next;
    this.emit("part", { card, part, start: fold.next });
  }

  deliver(card, part, text, next, total) {
    const fold = this.folds.get(`${card} ${part}`);
    if (!fold) return;
    fold.texts.push(text);
    fold.next = next;
    fold.total = total;
    this.fill(fold);
    fold.tools.replaceChildren();
    if (next < total) {
      const [shown, all] = [next, total].map((characters) => characters.toLocaleString("en"));
      const more = make("button", "", `show more (${shown} of ${all} characters)`);
      more.addEventListener("click", () => this.more(card, part, fold));
      fold.tools.append(more);
    }
    if (this.saves && total > 2000) {
      const save = make("button", "", "save as text");
      save.addEventListener("click", () => this.emit("save", { card, part }));
      fold.tools.append(save);
    }
  }

  fill(fold) {
    fold.pre.replaceChildren();
    if (fold.total === 0) fold.pre.append("(empty)");
    write(fold.pre, fold.texts.join(""), fold.marks);
  }
}
