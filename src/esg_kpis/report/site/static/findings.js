"use strict";
// The command that writes an explanation into the edition, while it is typed. A page on a disk cannot write it itself.
document.querySelectorAll("form.explain").forEach(function (form) {
  var code = form.querySelector("code"), button = form.querySelector("button"), words = button.textContent;
  function quoted(text) { return "'" + text.replace(/\s+/g, " ").trim().replace(/'/g, "'\\''") + "'"; }
  function tell() {
    var today = new Date(), day = [today.getFullYear(), String(today.getMonth() + 1).padStart(2, "0"), String(today.getDate()).padStart(2, "0")].join("-");
    code.textContent = "esg-kpis anomalies explain " + form.dataset.id + " --text " + quoted(form.elements.text.value || "…") + " --by " + quoted(form.elements.by.value || "…") + " --on " + day;
    button.disabled = !form.elements.text.value.trim() || !form.elements.by.value.trim();
  }
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", tell);
  button.addEventListener("click", function () {
    var done = function () { button.textContent = button.dataset.done; setTimeout(function () { button.textContent = words; }, 2000); };
    var byHand = function () { getSelection().selectAllChildren(code); document.execCommand("copy"); done(); };
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, byHand); else byHand();
  });
  tell();
});
