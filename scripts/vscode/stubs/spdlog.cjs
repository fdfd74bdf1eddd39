// Stands in for the native module @vscode/spdlog of VS Code servers that come without binaries: same calls, plain appends, no rotation.
"use strict";
const fs = require("fs");
const path = require("path");

const levels = ["trace", "debug", "info", "warning", "error", "critical", "off"];

class Logger {
  constructor(_kind, name, file) {
    Object.assign(this, { name, file, level: 2, plain: false });
  }
  write(level, message) {
    if (level < this.level) return;
    const time = new Date().toISOString().replace("T", " ").slice(0, 23);
    try {
      fs.appendFileSync(this.file, this.plain ? String(message) : `${time} [${levels[level]}] ${message}\n`);
    } catch {
      // the folder is gone: the server is being stopped
    }
  }
  getLevel() {
    return this.level;
  }
  setLevel(level) {
    this.level = level;
  }
  clearFormatters() {
    this.plain = true;
  }
  setPattern() {}
  flush() {}
  drop() {}
}
["trace", "debug", "info", "warn", "error", "critical"].forEach((name, level) => {
  Logger.prototype[name] = function (message) {
    this.write(level, message);
  };
});

async function make(kind, name, file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return new Logger(kind, name, file);
}

exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = (name, file) => make("rotating", name, file);
exports.createAsyncRotatingLogger = (name, file) => make("rotating_async", name, file);
