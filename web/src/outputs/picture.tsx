/** An image of an output, as the data of an <img>: a script in an SVG cannot run there. */

import { useState } from "preact/hooks";
import "./picture.css";

export interface Size {
  width?: number;
  height?: number;
}

export function Picture({ type, data, size, alt }: { type: string; data: string; size: Size; alt: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) {
    return (
      <p class="picture-note" role="note">
        This image is not shown: it is broken, or the program around this page allows no images that are data. Choose
        another form of the output.
      </p>
    );
  }
  return <img class="picture" src={address(type, data)} alt={alt} {...size} onError={() => setBroken(true)} />;
}

/** Base64, which kernels may break into lines; an SVG is text. */
export function address(type: string, data: string): string {
  if (type === "image/svg+xml") return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(wellFormed(data))}`;
  return `data:${type};base64,${data.replaceAll(/\s/g, "")}`;
}

/** Half a surrogate pair cannot be encoded. */
function wellFormed(text: string): string {
  return text.replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}
