import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeXml, SvgSheet } from "./svg-sheet.ts";

const measure = (_font: string, text: string): number => text.length * 6;

test("names stay text, whatever they are", () => {
  assert.equal(escapeXml(`<img src=x onerror="a('b')">&`), "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;");
  assert.equal(escapeXml("a\u0000b\u202ec\ud800d\ufffe"), "a\ufffdb\ufffdc\ufffdd\ufffd");
  assert.equal(escapeXml("größe 🙂 層"), "größe 🙂 層");
  const sheet = new SvgSheet(measure);
  sheet.font = `600 12px "Noto Sans", sans-serif`;
  sheet.fillText("</text><script>1</script>", 0, 0);
  const document = sheet.document(10, 10, "#fff", `"><script>`);
  assert.ok(!document.includes("<script"));
  assert.match(document, /font-family="&quot;Noto Sans&quot;, sans-serif"/);
});

test("coordinates are those of the sheet, whatever the zoom", () => {
  const sheet = new SvgSheet(measure);
  sheet.save();
  sheet.translate(100, 50);
  sheet.scale(2);
  sheet.beginPath();
  sheet.moveTo(1, 2);
  sheet.lineTo(3, 4);
  sheet.lineWidth = 1.5;
  sheet.setLineDash([3, 4]);
  sheet.stroke();
  sheet.font = "10px mono";
  sheet.fillText("abc", 5, 5);
  sheet.restore();
  sheet.fillRect(1, 1, 2, 2);
  const document = sheet.document(200, 100, "#fff", "t");
  assert.match(document, /d="M102 54L106 58" fill="none" stroke="#000" stroke-width="3" stroke-dasharray="6 8"/);
  assert.match(document, /<text x="110" y="60" font-size="20"/);
  assert.match(document, /<rect x="1" y="1" width="2" height="2"/);
  assert.deepEqual(sheet.texts, [{ text: "abc", x: 110, y: 44, width: 36, height: 20 }]);
});

test("a list of fonts may be written on several lines", () => {
  const sheet = new SvgSheet(measure);
  sheet.font = `600 12px system-ui,\n    "Segoe UI"`;
  sheet.fillText("a", 0, 0);
  assert.match(sheet.document(1, 1, "#fff", "t"), /font-family="system-ui, &quot;Segoe UI&quot;" font-weight="600"/);
});

test("hatching is a pattern of the document, once for each colour", () => {
  const sheet = new SvgSheet(measure);
  for (const colour of ["#f00", "#f00", "#0f0"]) {
    sheet.beginPath();
    sheet.rect(0, 0, 1, 1);
    sheet.fillStyle = sheet.hatched(colour, true);
    sheet.fill();
  }
  const document = sheet.document(1, 1, "#fff", "t");
  assert.equal(document.match(/<pattern /g)?.length, 2);
  assert.equal(document.match(/fill="url\(#hatch0\)"/g)?.length, 2);
});
