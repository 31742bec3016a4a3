/** The reason why an image cannot be built, for the user. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}
