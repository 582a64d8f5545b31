// Clicks in the list of articles; removing takes a second click on the same button.
element.addEventListener('click', (event) => {
  const open = event.target.closest('.q-open');
  if (open) trigger('open', { id: Number(open.dataset.id) });
  const remove = event.target.closest('.q-remove');
  if (!remove) return;
  if (remove.classList.contains('sure')) {
    trigger('remove', { id: Number(remove.dataset.id) });
    return;
  }
  remove.classList.add('sure');
  remove.textContent = 'Really remove?';
  setTimeout(() => {
    remove.classList.remove('sure');
    remove.textContent = 'Remove';
  }, 4000);
});
