// The article beside the chat: scrolls to the marked words, and closes on a narrow screen.
const panel = element.closest('#panel');
const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
const close = () => {
  if (!panel.classList.contains('open')) return;
  panel.classList.remove('open');
  const card = document.querySelector('.q-quote[aria-pressed]');
  if (card) card.focus();
};
watch('value', () => {
  const article = element.querySelector('.q-article');
  if (!article) return;
  panel.classList.add('open');
  const mark = element.querySelector('mark.q-active');
  requestAnimationFrame(() => {
    if (mark) mark.scrollIntoView({ block: 'center', behavior: calm ? 'auto' : 'smooth' });
    else panel.scrollTo({ top: 0 });
  });
});
element.addEventListener('click', (event) => {
  if (event.target.closest('.q-close')) close();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') close();
});
