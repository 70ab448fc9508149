// The lines below a search's results are sentences: no code, and no list of contents.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const whole = Search.htmlToText;
  const unread = "#jb-print-docs-body, .bd-sidebar-secondary, .bd-header-article, pre, svg, .tips";
  Search.htmlToText = (page, anchor) => {
    const read = new DOMParser().parseFromString(page, "text/html");
    for (const part of read.querySelectorAll(unread)) part.remove();
    return whole(read.documentElement.outerHTML, anchor);
  };
});
