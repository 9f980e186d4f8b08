// Going back within a page restores only entries that htmx knows. It makes the page's own known with the first swap,
// whatever that is; whoever is faster would go back to an address without its content.
"use strict";

if (!history.state?.htmx) history.replaceState({ ...history.state, htmx: true }, "");
