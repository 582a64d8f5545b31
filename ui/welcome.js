// A click on an example asks it; the next question is written on at once.
element.addEventListener('click', (event) => {
  const example = event.target.closest('.q-example');
  if (!example) return;
  trigger('submit', { question: example.dataset.question });
  document.querySelector('#question textarea, #question input').focus();
});
