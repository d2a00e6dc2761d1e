// The list of cards as an element of NiceGUI; the page's head has brought `CardList`.
export default {
  template: `<div class="cards"></div>`,
  props: { page: Object },
  mounted() {
    this.list = new CardList(this.$el, (name, what) => this.$emit(name, what));
    this.list.show(this.page);
  },
  watch: {
    page() {
      this.list.show(this.page);
    },
  },
  methods: {
    deliver(...piece) {
      this.list.deliver(...piece);
    },
  },
};
