// Boxes of a picture as its file has it, in the picture as it is shown: upright.

/** [left, top, right, bottom] after the turn that EXIF's `orientation` asks for; width and height are the file's. */
export function upright([left, top, right, bottom], width, height, orientation) {
  const corner = {
    1: (x, y) => [x, y],
    2: (x, y) => [width - x, y],
    3: (x, y) => [width - x, height - y],
    4: (x, y) => [x, height - y],
    5: (x, y) => [y, x],
    6: (x, y) => [height - y, x],
    7: (x, y) => [height - y, width - x],
    8: (x, y) => [y, width - x],
  }[orientation];
  const [[x0, y0], [x1, y1]] = [corner(left, top), corner(right, bottom)];
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

/**
 * What was read, piece by piece: the characters of a line, or the lines of a page. Each has its text, what follows it,
 * how sure it is, and its corners in the picture as it is shown (null: not known).
 */
export function piecesOf(found) {
  if (found.blocks) {
    return found.blocks.flatMap(({ lines }, block) =>
      lines.map(({ text, confidence, corners }, line) => {
        const isLast = line === lines.length - 1;
        const after = !isLast ? "\n" : block === found.blocks.length - 1 ? "" : "\n\n";
        return { text, after, score: confidence, corners };
      }),
    );
  }
  return found.characters.map(({ character, score, box }) => {
    const [left, top, right, bottom] = box ? upright(box, found.width, found.height, found.orientation) : [];
    const corners = box ? [[left, top], [right, top], [right, bottom], [left, bottom]] : null;
    return { text: character, after: "", score, corners };
  });
}

/** Width and height of the picture as it is shown. */
export function shownSize({ width, height, orientation }) {
  return orientation >= 5 ? [height, width] : [width, height];
}

/** How sure a character is, as a class of the style sheet. */
export function level(score) {
  return score >= 0.9 ? "sure" : score >= 0.6 ? "unsure" : "doubtful";
}

/** The other texts that are not much less likely than the one that was read. */
export function plausible({ text, confidence, alternatives = [] }) {
  // A confidence is a mean over the characters and the end.
  const likelihood = (one) => (one.text.length + 1) * Math.log(one.confidence);
  const least = likelihood({ text, confidence }) + Math.log(0.01);
  return alternatives.filter((one) => likelihood(one) >= least).map((one) => one.text);
}
