// A process that nobody asks anything.
setInterval(() => {}, 1000)
process.on("SIGTERM", () => process.exit(0))
