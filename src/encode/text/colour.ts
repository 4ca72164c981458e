/** Select Graphic Rendition: attribute on. */
const ON = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof ON;

export const paint = (text: string, colour: Colour): string => `\u001b[${ON[colour]}m${text}\u001b[0m`;
