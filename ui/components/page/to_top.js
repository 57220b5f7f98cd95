export default function ({ data }) {
  if (!data.event || store.scrolledFor === data.event) return;
  store.scrolledFor = data.event;
  document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
}
