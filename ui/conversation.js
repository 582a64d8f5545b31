// Clicks in the conversation, and keeping the newest question in sight.
element.addEventListener('click', (event) => {
  const card = event.target.closest('.q-quote');
  if (card) {
    document.querySelectorAll('.q-quote[aria-pressed]').forEach((other) => other.removeAttribute('aria-pressed'));
    card.setAttribute('aria-pressed', 'true');
    trigger('select', { turn: Number(card.dataset.turn), quote: Number(card.dataset.quote) });
  }
  const example = event.target.closest('.q-example');
  if (example) trigger('submit', { question: example.dataset.question });
});
watch('value', () => {
  const newest = element.querySelector('.q-turn:last-child');
  if (!newest) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  newest.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
});
