/**
 * Small pictures as PNG: 8 bits a pixel, the colours from a palette.
 *
 * @module
 */

import { encode } from "fast-png";

/** A picture whose pixels are numbers of colours. */
export interface PalettePicture {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Red, green and blue of up to 256 colours, 0 to 255. */
  palette: [number, number, number][];
  /** Colour of each pixel, row by row from the top. */
  pixels: Uint8Array;
}

/** `picture` as a `data:` address. */
export function pngUrl(
  { width, height, palette, pixels }: PalettePicture,
): string {
  const picture = {
    width,
    height,
    data: pixels,
    depth: 8,
    channels: 1,
  } as const;
  return `data:image/png;base64,${encode({ ...picture, palette }).toBase64()}`;
}
