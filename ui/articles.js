// Clicks in the list of articles; removing takes a second click on the same button, and not a double-click.
element.addEventListener('click', (event) => {
  const open = event.target.closest('.q-open');
  if (open) trigger('open', { id: Number(open.dataset.id) });
  const remove = event.target.closest('.q-remove');
  if (!remove || event.detail > 1) return;
  if (remove.classList.contains('sure')) {
    trigger('remove', { id: Number(remove.dataset.id) });
    return;
  }
  const named = remove.getAttribute('aria-label');
  const say = (words, label, sure) => {
    remove.classList.toggle('sure', sure);
    remove.textContent = words;
    remove.setAttribute('aria-label', label);
  };
  say('Really remove?', `Really r${named.slice(1)}?`, true);
  setTimeout(() => say('Remove', named, false), 4000);
});
