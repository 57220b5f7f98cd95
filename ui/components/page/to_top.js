export default function ({ data }) {
  if (!data.turn || shelf.top === data.turn) return;
  shelf.top = data.turn;
  document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
}
