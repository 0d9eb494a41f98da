/**
 * Brings the npm package that carries SwiftShader into Deno's cache when this module is imported.
 *
 * Only a dynamic import with a computed address reaches this module, so the 66 MB are fetched where the embedded driver is
 * needed and nowhere else. The package's code is read as text and never run.
 *
 * @module
 */
import "npm:@sparticuz/chromium@147.0.0" with { type: "text" };
