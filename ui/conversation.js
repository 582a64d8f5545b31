// Clicks in the conversation, keeping the newest question in sight, and the quote whose article is open marked.
let opened = null;
const mark = () =>
  element.querySelectorAll('.q-quote').forEach((card) => {
    if (opened === `${card.dataset.turn}/${card.dataset.quote}`) card.setAttribute('aria-pressed', 'true');
    else card.removeAttribute('aria-pressed');
  });
const open = (card) => {
  opened = `${card.dataset.turn}/${card.dataset.quote}`;
  mark();
  trigger('select', { turn: Number(card.dataset.turn), quote: Number(card.dataset.quote) });
};
let pressed = { clientX: 0, clientY: 0 };
element.addEventListener('pointerdown', (event) => (pressed = event));
element.addEventListener('click', (event) => {
  const alone = event.target.closest('.q-alone');
  if (alone) trigger('submit', { turn: Number(alone.dataset.turn) });
  const card = event.target.closest('.q-quote');
  const dragged = Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) > 4;
  if (card && !dragged) open(card);  // words that are dragged over are selected
});
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  const card = event.target.closest('.q-quote');
  if (!card) return;
  event.preventDefault();
  open(card);
});
document.addEventListener('click', (event) => {
  const fresh = event.target.closest('#new');
  if (fresh || event.target.closest('.q-open')) {
    opened = null;
    mark();
  }
  if (fresh) document.querySelector('#question textarea, #question input').focus();
});
new MutationObserver(mark).observe(element, { childList: true, subtree: true });
watch('value', () => {
  const newest = element.querySelector('.q-turn:last-child');
  if (!newest) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  newest.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
});
