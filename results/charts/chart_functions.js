// The functions that options of charts name, under keys that begin with a colon; nothing out of a run is ever code.
const chartFunctions = {
  tip: () => (point) => (point.data && point.data.tip) || "",
  text: () => (point) => point.data.text,
  whole: () => (value) => (Number.isInteger(value) ? String(value) : ""),
  /** An interval as a thick, pale line: of each point its place, and the ends on the axis of the scores. */
  whisker: ({ colour, shift, upright }) => (params, api) => {
    const [place, low, high] = [0, 1, 2].map((at) => api.value(at));
    const [a, b] = [low, high].map((end) => api.coord(upright ? [place, end] : [end, place]));
    const [x, y] = upright ? [shift, 0] : [0, shift];
    return {
      type: "line",
      shape: { x1: a[0] + x, y1: a[1] + y, x2: b[0] + x, y2: b[1] + y },
      style: { stroke: colour, lineWidth: 4, opacity: 0.4, lineCap: "round" },
    };
  },
  /** A frame around each point; a symbol would be stretched, and its line with it. */
  frame: ({ styles, width, height }) => (params, api) => {
    const [fill, stroke, lineWidth] = styles[params.dataIndexInside];
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const shape = { x: x - width / 2, y: y - height / 2, width, height, r: 7 };
    return { type: "rect", shape, style: { fill, stroke, lineWidth } };
  },
};

/** Options as ECharts wants them: what a key with a colon names is made, and the colon is gone. */
const withFunctions = (value) => {
  if (Array.isArray(value)) return value.map(withFunctions);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key.startsWith(":") ? [key.slice(1), chartFunctions[inner.name](inner.of)] : [key, withFunctions(inner)],
    ),
  );
};
