/* page.js: what the page does when it is asked to: sort a table, copy a command, change colours.
   It makes its buttons itself, so that a page without scripts has none that do nothing. */
"use strict";
(function () {
	const said = document.getElementById("said");

	function button(text, run) {
		const b = document.createElement("button");
		b.type = "button";
		b.textContent = text;
		b.addEventListener("click", run);
		return b;
	}

	/* ---- tables ---- */

	/* What a cell is sorted by: estimates have a mark before the number. */
	function value(row, column, numeric) {
		const text = row.cells[column].textContent.trim();
		const number = parseFloat(text.replace("~", ""));
		return numeric ? (isNaN(number) ? -Infinity : number) : text;
	}

	function compare(a, b) {
		if (typeof a === "number")
			return a === b ? 0 : a - b;
		return a < b ? -1 : a > b ? 1 : 0;
	}

	function sort(table, th) {
		const numeric = th.classList.contains("n");
		const was = th.getAttribute("aria-sort");
		const down = was ? was === "ascending" : numeric;
		const body = table.tBodies[0];
		const rows = Array.from(body.rows).map(function (row) {
			return [value(row, th.cellIndex, numeric), row];
		});
		rows.sort(function (a, b) {
			return down ? compare(b[0], a[0]) : compare(a[0], b[0]);
		});
		for (const other of table.tHead.rows[0].cells)
			other.removeAttribute("aria-sort");
		th.setAttribute("aria-sort", down ? "descending" : "ascending");
		body.append(...rows.map(function (row) { return row[1]; }));
		said.textContent = table.caption.querySelector("strong").textContent + " sorted by " +
			th.textContent + ", " + th.getAttribute("aria-sort");
	}

	function make_sortable(table) {
		if (table.tBodies[0].rows.length < 2)
			return;
		for (const th of table.tHead.rows[0].cells)
			th.replaceChildren(button(th.textContent, function () { sort(table, th); }));
	}
	document.querySelectorAll("table").forEach(make_sortable);

	/* Only what can be scrolled need be reached by the keyboard. */
	const watch = new ResizeObserver(function (entries) {
		for (const e of entries) {
			const box = e.target;
			if (box.scrollWidth > box.clientWidth)
				box.tabIndex = 0;
			else
				box.removeAttribute("tabindex");
		}
	});
	document.querySelectorAll(".scroll").forEach(function (box) { watch.observe(box); });

	/* ---- commands ---- */

	function select(element) {
		const range = document.createRange();
		range.selectNodeContents(element);
		getSelection().removeAllRanges();
		getSelection().addRange(range);
	}

	document.querySelectorAll(".command").forEach(function (line) {
		const code = line.querySelector("code");
		const b = button("Copy", function () {
			select(code);
			const done = navigator.clipboard
				? navigator.clipboard.writeText(code.textContent) : Promise.reject();
			done.then(function () { said.textContent = b.textContent = "Copied"; },
				function () { said.textContent = b.textContent = "Selected"; });
		});
		b.setAttribute("aria-label", "Copy the command");
		line.append(b);
	});

	/* ---- colours ---- */

	const root = document.documentElement;
	const dark = matchMedia("(prefers-color-scheme: dark)");
	function is_dark() {
		return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
	}
	const theme = button("", function () {
		root.dataset.theme = is_dark() ? "light" : "dark";
		name_theme();
	});
	function name_theme() {
		theme.textContent = is_dark() ? "Light colours" : "Dark colours";
	}
	theme.id = "theme";
	dark.addEventListener("change", name_theme);
	name_theme();
	document.querySelector(".title").append(theme);
})();
