#include "latchkey/command_line.h"

int main(int argc, char** argv) { return latchkey::app::Main(argc, argv); }
