// An application that needs next to no build.
require("http").createServer((request, response) => response.end("here")).listen(process.env.PORT)
process.on("SIGTERM", () => process.exit(0))
