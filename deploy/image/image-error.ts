/** What keeps an image from being made, in words for whoever asked for it. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}
