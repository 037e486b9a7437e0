// Runs in a page, not here (review-page.test.ts hands it over as text): what a reader of the page could stumble over.
const parse = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);

/** Relative luminance, as WCAG defines it. */
const light = (color) => {
  const [r, g, b] = color.slice(0, 3).map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** The colour that a text stands on. */
const behind = (element) => {
  for (let each = element; each !== null; each = each.parentElement) {
    const color = parse(getComputedStyle(each).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};

globalThis.inPage = {
  /** Folds out everything. */
  unfold: () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  },

  /** What makes the page wider than its window. */
  tooWide: () => {
    const room = window.innerWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    return [...document.querySelectorAll("main *")]
      .filter((each) => each.getBoundingClientRect().right > room + 1 && each.closest("pre") === null)
      .map((each) => `${each.tagName} ${each.className}: ${each.textContent.trim().slice(0, 40)}`);
  },

  outline: () => ({
    lang: document.documentElement.lang,
    title: document.title,
    levels: [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((each) => Number(each.tagName.slice(1))),
    unnamed: [...document.querySelectorAll("section")].filter(
      (each) => document.getElementById(each.getAttribute("aria-labelledby") ?? "") === null,
    ).length,
    twice: [...document.querySelectorAll("[id]")]
      .map((each) => each.id)
      .filter((id, at, all) => all.indexOf(id) !== at),
    dead: [...document.querySelectorAll("a")].filter((each) => document.querySelector(each.hash) === null).length,
  }),

  /** Elements that the page itself never has. */
  strange: () => document.querySelectorAll("script,img,svg,iframe,object,[onerror],[onload],[style]").length,

  /** As an intruder would. */
  intrude: () => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'owned'";
    document.body.append(script);
    document.body.append(Object.assign(document.createElement("img"), { src: "http://127.0.0.1:9/x.png" }));
  },

  /** Texts with less contrast than WCAG AA asks for: 4.5, or 3 where they are large. */
  poorContrasts: () => {
    const poor = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.textContent.trim() === "") continue;
      const style = getComputedStyle(element);
      const [one, other] = [light(parse(style.color)), light(behind(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (ratio < (Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
        poor.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
    }
    return poor;
  },
};
