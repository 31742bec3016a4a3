import { h, render } from "preact";

const root = document.querySelector("#console");
if (root !== null) render(h("p", null, "Loading"), root);
