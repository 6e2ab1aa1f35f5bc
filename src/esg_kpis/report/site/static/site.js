"use strict";
// Light or dark as the reader chose it last, before anything is painted; and the same place in the other language.
(function () {
  var root = document.documentElement;
  function stored() { try { return localStorage.getItem("theme"); } catch (error) { return null; } }
  function dark() { return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches; }
  var chosen = stored();
  root.classList.add("scripted");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", function () {
    var button = document.querySelector("button.theme");
    function name() { button.textContent = dark() ? button.dataset.light : button.dataset.dark; }
    name();
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* A browser that keeps nothing forgets the choice. */ }
      name();
    });
    var language = document.querySelector("a.language");
    language.addEventListener("click", function () { language.hash = location.hash; });

    // What a link leads to is open when one gets there, and everything is when it is printed.
    function unfold() {
      var target = null;
      try { target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null; } catch (error) { /* A hash that is no address leads nowhere. */ }
      for (var at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
      if (target && target.closest("details")) target.scrollIntoView();
    }
    unfold();
    window.addEventListener("hashchange", unfold);
    // A second click on the same link changes no hash, and ought to open what was closed since.
    document.addEventListener("click", function (event) {
      var link = event.target.closest && event.target.closest("a[href]");
      if (link && link.hash && link.hash === location.hash && link.pathname === location.pathname) setTimeout(unfold, 0);
    });
    window.addEventListener("beforeprint", function () { document.querySelectorAll("section details.item, section details.group").forEach(function (item) { item.open = true; }); });
  });
})();
