// A click on a heading sorts its table; printing opens what is folded.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") !== "descending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.sort;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        if (key(a) === undefined && key(b) === undefined) return a.cells[column].textContent.localeCompare(b.cells[column].textContent) * (down ? 1 : -1);
        if (key(a) === undefined || key(b) === undefined) return key(a) === undefined ? 1 : -1;
        return (key(b) - key(a)) * (down ? 1 : -1);
      });
      table.tBodies[0].append(...rows);
    });
  });
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
