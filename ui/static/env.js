// The form of variables: one more line without a round trip.
const button = document.querySelector("[data-env] [data-more]");
const list = document.querySelector("[data-env] [data-fresh]");

button.addEventListener("click", (event) => {
  event.preventDefault();
  const line = list.lastElementChild.cloneNode(true);
  const number = list.children.length;
  for (const field of line.querySelectorAll("input, textarea")) {
    field.value = "";
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    field.id = field.id.replace(/\d+$/, number);
  }
  for (const label of line.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/\d+$/, number);
  line.querySelector(".wrong")?.remove();
  list.append(line);
  line.querySelector("input").focus();
});
