// The article beside the chat: scrolls to the marked words. On a narrow screen it lies over everything, as a dialog that
// a button, Escape and the browser's Back close.
const panel = element.closest('#panel');
const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
const narrow = window.matchMedia('(max-width: 860px)');
const lie = (over) => {
  panel.classList.toggle('open', over);
  panel.setAttribute('role', over ? 'dialog' : 'region');
  panel.setAttribute('aria-label', 'Article');
  panel.toggleAttribute('aria-modal', over);
  document.querySelectorAll('#talk, .q-top, #pages > .tab-wrapper').forEach((under) => (under.inert = over));
};
let leaving = false;
const close = () => {
  if (!panel.classList.contains('open')) return;
  lie(false);
  const card = document.querySelector('.q-quote[aria-pressed]');
  (card ?? document.querySelector('#pages [role=tab][aria-selected=true]'))?.focus();
};
const goBack = () => {
  if (!panel.classList.contains('open')) return;
  close();
  if (history.state?.article && !leaving) {
    leaving = true;
    history.back();
  }
};
lie(false);
watch('value', () => {
  if (!element.querySelector('.q-article')) {
    lie(false);
    return;
  }
  if (narrow.matches && !panel.classList.contains('open')) {
    lie(true);
    history.pushState({ article: true }, '');
  }
  const mark = element.querySelector('mark.q-active');
  requestAnimationFrame(() => {
    if (narrow.matches) element.querySelector('.q-close').focus({ preventScroll: true });
    if (mark) mark.scrollIntoView({ block: 'center', behavior: calm ? 'auto' : 'smooth' });
    else panel.scrollTo({ top: 0 });
  });
});
element.addEventListener('click', (event) => {
  if (event.target.closest('.q-close')) goBack();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') goBack();
});
window.addEventListener('popstate', () => {
  leaving = false;
  close();
});
narrow.addEventListener('change', goBack);
