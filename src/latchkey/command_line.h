#pragma once

namespace latchkey::app {

// The whole program: parses the command line, runs one command, returns its exit status.
int Main(int argc, char** argv);

}  // namespace latchkey::app
