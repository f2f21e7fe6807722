// The score while the questions are answered. What is kept is counted again by the server.

for (const form of document.querySelectorAll("[data-checklist]")) {
  form.addEventListener("change", () => tell(form));
  tell(form);
}

function tell(form) {
  const answered = [...form.querySelectorAll("input[data-weight]:checked")];
  const questions = form.querySelectorAll("fieldset").length;
  const score = answered.filter((input) => input.value === "yes").reduce((sum, input) => sum + Number(input.dataset.weight), 0);
  const urgentFrom = Number(form.dataset.urgentFrom);
  const line = form.querySelector("[data-score]");
  const left = questions - answered.length;
  line.classList.toggle("is-urgent", score >= urgentFrom);
  line.textContent = answered.length ? `${score} of 10${sentence(score >= urgentFrom, urgentFrom, left)}` : "";
}

function sentence(isUrgent, urgentFrom, left) {
  const open = left ? ` ${left} question${left > 1 ? "s" : ""} left.` : "";
  return isUrgent ? `: ${urgentFrom} or more, urgent referral is advised.${open}` : `.${open}`;
}
