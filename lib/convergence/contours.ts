/**
 * Lines of equal height over a grid of values, by marching squares (Lorensen and
 * Cline, SIGGRAPH 1987, in two dimensions): between four neighbours the values are
 * taken to change evenly along each side, so that a line enters and leaves a
 * square where they cross the level. In a saddle the mean of the four tells which
 * corners belong together.
 *
 * @module
 */

/** A piece of a line, from one point to another; columns and rows count from 0. */
export type ContourPiece = [x1: number, y1: number, x2: number, y2: number];

/** Corners of a square, in turn. */
const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]] as const;

/**
 * The pieces of the line at `level` over a grid of `columns` by `rows` values, given
 * column by column. Squares with a corner that is not a number have none.
 */
export function contour(
  values: ArrayLike<number>,
  columns: number,
  rows: number,
  level: number,
): ContourPiece[] {
  const pieces: ContourPiece[] = [];
  for (let x = 0; x + 1 < columns; x++) {
    for (let y = 0; y + 1 < rows; y++) {
      const heights = CORNERS.map(([dx, dy]) =>
        values[(x + dx) * rows + y + dy] - level
      );
      if (!heights.every(Number.isFinite)) continue;
      // Where the line crosses a side, and whether it goes below there, in turn.
      const crossings = heights.flatMap((from, i) => {
        const to = heights[(i + 1) % 4];
        if (from > 0 === to > 0) return [];
        const part = from / (from - to);
        const [[ax, ay], [bx, by]] = [CORNERS[i], CORNERS[(i + 1) % 4]];
        return [{
          at: [x + ax + part * (bx - ax), y + ay + part * (by - ay)],
          isDown: from > 0,
        }];
      });
      const middle = heights.reduce((sum, height) => sum + height) / 4;
      // Where all four sides are crossed, the lines go round what the middle is not.
      const isSaddle = crossings.length === 4;
      const turn = isSaddle && crossings[0].isDown !== middle > 0 ? 1 : 0;
      for (let i = 0; i < crossings.length; i += 2) {
        const [from, to] = [i + turn, i + turn + 1]
          .map((k) => crossings[k % crossings.length].at);
        pieces.push([from[0], from[1], to[0], to[1]]);
      }
    }
  }
  return pieces;
}
