// What can be seen of a page without seeing it. Runs in the page, so that it uses nothing from outside itself.
export function layout(lang) {
  const wrong = [];
  const name = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 60)}`;
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`the page scrolls sideways: ${root.scrollWidth} in ${root.clientWidth}`);
  if (document.documentElement.lang !== lang) wrong.push(`lang is ${document.documentElement.lang}`);
  for (const one of document.querySelectorAll("script, style, [style], [onclick], [onload], [onerror], img, iframe, b, i, em")) {
    wrong.push(`nothing of ours: ${one.outerHTML.slice(0, 80)}`);
  }
  const words = document.body.innerText;
  for (const [id] of words.matchAll(/\b(page|label|history|rule|status)-[a-z]+(-[a-z]+)*\b/g)) wrong.push(`an id in place of words: ${id}`);
  for (const [odd] of words.matchAll(/\bundefined\b|\bNaN\b|\{ ?\$[a-z]+ ?\}/g)) wrong.push(`found ${odd}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    if (!text.data.trim() || text.parentElement.closest(".hidden, .skip, svg, option")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const place = range.getBoundingClientRect();
    if (place.width === 0) continue;
    // The box that lays it out.
    let box = text.parentElement;
    while (getComputedStyle(box).display.startsWith("inline") && getComputedStyle(box).display !== "inline-block") box = box.parentElement;
    const around = box.getBoundingClientRect();
    if (place.right > around.right + 1.5 || place.left < around.left - 1.5) wrong.push(`text beyond its box: ${name(box)}`);
    const scrolls = box.closest(".scroll");
    if (!scrolls && place.right > root.clientWidth + 1) wrong.push(`text beyond the window: ${name(box)}`);
  }
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    const hides = ["hidden", "clip"].includes(style.overflowX) && !one.matches(".hidden, .hidden *, svg, svg *");
    if (hides && one.scrollWidth > one.clientWidth + 1) wrong.push(`cut off: ${name(one)}`);
  }
  // What a choice says must fit into it: its text is as wide as in a box of the same font.
  const pen = document.createElement("canvas").getContext("2d");
  for (const select of document.querySelectorAll("select")) {
    const style = getComputedStyle(select);
    pen.font = style.font;
    const wide = pen.measureText(select.selectedOptions[0]?.text ?? "").width;
    if (wide > select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) + 1) wrong.push(`cut off: choice ${select.selectedOptions[0].text}`);
  }
  return [...new Set(wrong)];
}
