/** Images of results, each beside what it is. They are data, never addresses. */

/** `data` is base64. */
export interface ImageData {
  mime_type: string;
  data: string;
}

const TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"]);
const DEPTH = 6;

export function Images({ images }: { images: readonly ImageData[] }) {
  return (
    <ul class="output-images">
      {images.map((image, at) => (
        <li key={at}>
          {TYPES.has(image.mime_type) ? (
            <img src={`data:${image.mime_type};base64,${image.data}`} alt={`Image ${at + 1} of the result`} />
          ) : (
            <p>An image of type {image.mime_type}, which this page does not show.</p>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The images of a result, each once: beside it, and within it as the tools of earlier servers have them. */
export function imagesOf({ images = [], result }: { images?: readonly ImageData[]; result: unknown }): ImageData[] {
  const known = new Set(images.map(({ data }) => data));
  return [...images, ...within(result).filter(({ data }) => !known.has(data))];
}

function within(value: unknown, depth = 0): ImageData[] {
  if (typeof value !== "object" || value === null || depth > DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((part) => within(part, depth + 1));
  const { mime_type, base64_data } = value as Record<string, unknown>;
  if (typeof mime_type === "string" && typeof base64_data === "string") {
    return [{ mime_type, data: base64_data }];
  }
  return Object.values(value).flatMap((part) => within(part, depth + 1));
}
