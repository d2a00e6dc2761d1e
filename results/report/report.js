// What a script adds to the report: its charts, some lessons, and its transcript.
const drawCharts = (charts) => {
  for (const [name, panels] of Object.entries(charts)) {
    const place = document.getElementById(`chart-${name}`);
    for (const { options, height, width } of panels) {
      const panel = place.appendChild(document.createElement("div"));
      panel.className = "panel";
      panel.style.height = `${height}px`;
      if (width) panel.style.width = `${width}px`;
      const chart = echarts.init(panel, null, { renderer: "svg" });
      chart.setOption(withFunctions(options));
      const svg = panel.querySelector("svg");
      // with a view box the drawing shrinks with its place on paper, where nothing is drawn again
      const fit = () => svg.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
      fit();
      new ResizeObserver(() => {
        const same = chart.getWidth() === panel.clientWidth && chart.getHeight() === panel.clientHeight;
        if (same || matchMedia("print").matches) return;
        chart.resize();
        fit();
      }).observe(panel);
    }
  }
};

const { charts, lessons, transcript } = JSON.parse(document.getElementById("page-data").textContent);
document.querySelectorAll(".cards.lessons").forEach((place, at) => {
  const { cards, parts } = lessons[at];
  const list = new CardList(place, (name, { card, part, id }) => {
    if (name === "go") location.hash = `#event=${encodeURIComponent(id)}`;
    if (name !== "part") return;
    const text = parts[card][part];
    list.deliver(card, part, text, text.length, text.length);
  }, false);
  list.show({ cards, marks: "", place: {} });
});
if (transcript) showTranscript(transcript);
drawCharts(charts);
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details.print")) one.open = true;
});
